"""A residual U-Net in two or three dimensions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def group_norm(channels: int) -> nn.GroupNorm:
    """Group norm with about four channels a group; unlike batch norm it does not mind batches of one."""
    return nn.GroupNorm(max(1, min(8, channels // 4)), channels)


class ResidualBlock(nn.Module):
    """Two 3-wide convolutions with a shortcut; the first may stride."""

    def __init__(self, dimensions: int, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        conv = nn.Conv2d if dimensions == 2 else nn.Conv3d
        self.first = conv(channels_in, channels_out, 3, stride, 1, bias=False)
        self.first_norm = group_norm(channels_out)
        self.second = conv(channels_out, channels_out, 3, 1, 1, bias=False)
        self.second_norm = group_norm(channels_out)
        same = channels_in == channels_out and stride == 1
        self.shortcut = nn.Identity() if same else conv(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.first_norm(self.first(x)), 0.1)
        return functional.leaky_relu(self.second_norm(self.second(y)) + self.shortcut(x), 0.1)


class UNet(nn.Module):
    """(n, inputs, ...) to (n, outputs, ...) logits; each side must be a multiple of 2 ** (len(widths) - 1)."""

    def __init__(self, dimensions: int, inputs: int, outputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        conv = nn.Conv2d if dimensions == 2 else nn.Conv3d
        self.mode = "bilinear" if dimensions == 2 else "trilinear"
        self.stem = ResidualBlock(dimensions, inputs, widths[0])
        steps = list(zip(widths[:-1], widths[1:], strict=True))
        self.down = nn.ModuleList(ResidualBlock(dimensions, a, b, stride=2) for a, b in steps)
        self.up = nn.ModuleList(ResidualBlock(dimensions, a + b, a) for a, b in reversed(steps))
        self.head = conv(widths[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        levels = [self.stem(x)]
        for block in self.down:
            levels.append(block(levels[-1]))
        y = levels.pop()
        for block in self.up:
            y = functional.interpolate(y, scale_factor=2.0, mode=self.mode, align_corners=False)
            y = block(torch.cat([y, levels.pop()], 1))
        return self.head(y)


class SubVoxelUNet(nn.Module):
    """A U-Net at half resolution whose last blocks see every voxel of the image and answer for every voxel.

    (n, inputs, k, j, i) to (n, outputs, k, j, i) logits; each side must be a multiple of 2 ** len(widths). Two-wide
    convolutions of stride two turn 2 x 2 x 2 voxels into channels, losing nothing, and back: wide layers on an eighth
    of the voxels cost less than narrow ones on all of them.
    """

    def __init__(self, inputs: int, outputs: int, widths: tuple[int, ...], detail: int = 32, refine: int = 64,
                 blocks: int = 1) -> None:
        super().__init__()
        self.fold = nn.Conv3d(inputs, widths[0], 2, 2)
        self.body = UNet(3, widths[0], widths[0], tuple(widths))
        self.detail = nn.Conv3d(inputs, detail, 2, 2)
        sizes = [widths[0] + detail] + [refine] * blocks
        self.refine = nn.Sequential(*[ResidualBlock(3, a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)])
        self.unfold = nn.ConvTranspose3d(refine, outputs, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.body(self.fold(x))
        return self.unfold(self.refine(torch.cat([y, self.detail(x).to(y.dtype)], 1)))
