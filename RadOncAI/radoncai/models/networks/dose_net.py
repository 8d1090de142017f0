"""A residual U-Net at half resolution with a sub-voxel head: dose as a correction to a given first guess."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from radoncai.models.networks.unet import ResidualBlock


def space_to_depth(x: Tensor) -> Tensor:
    """(n, c, 2d, 2h, 2w) to (n, 8c, d, h, w): the eight sub-voxels become channels."""
    n, c, d, h, w = x.shape
    y = x.reshape(n, c, d // 2, 2, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 7, 2, 4, 6)
    return y.reshape(n, c * 8, d // 2, h // 2, w // 2)


def depth_to_space(x: Tensor) -> Tensor:
    """The inverse of `space_to_depth`."""
    n, c, d, h, w = x.shape
    y = x.reshape(n, c // 8, 2, 2, 2, d, h, w).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return y.reshape(n, c // 8, d * 2, h * 2, w * 2)


class DoseNet(nn.Module):
    """(n, inputs, k, j, i) to (n, 1, k, j, i), the dose as a fraction of the highest level, not clipped.

    The network adds to the channel `base`, in units of `scale`, about what there is to add: with larger
    units every optimiser step would be noise. `fine` are the channels that the last
    convolution sees at full resolution, `sub` those that enter the trunk as sub-voxels. A second opinion, the channel
    `guess`, is not shown to the network but enters the answer with the weight `blend`: two models that err
    differently err less together. Sides must be multiples of 2 ** len(widths).
    """

    def __init__(self, inputs: int, base: int, fine: tuple[int, ...], sub: tuple[int, ...],
                 widths: tuple[int, ...] = (16, 32, 64, 96), head: int = 4, last: int = 12,
                 guess: int | None = None, blend: float = 0.0, scale: float = 0.05) -> None:
        super().__init__()
        self.base, self.fine, self.sub = base, list(fine), list(sub)
        self.guess, self.blend, self.scale = guess, blend, scale
        self.seen = [c for c in range(inputs) if c != guess]
        self.stem = ResidualBlock(3, len(self.seen) + 8 * len(sub), widths[0])
        steps = list(zip(widths[:-1], widths[1:], strict=True))
        self.down = nn.ModuleList(ResidualBlock(3, a, b, stride=2) for a, b in steps)
        self.middle = ResidualBlock(3, widths[-1], widths[-1])
        self.up = nn.ModuleList(ResidualBlock(3, a + b, a) for a, b in reversed(steps))
        self.head = nn.Conv3d(widths[0], 8 * head, 1)
        self.mix = nn.Conv3d(head + len(fine), last, 3, padding=1)
        self.out = nn.Conv3d(head + last, 1, 1)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        base = x[:, self.base:self.base + 1]
        coarse = functional.avg_pool3d(x[:, self.seen], 2)
        levels = [self.stem(torch.cat([coarse, space_to_depth(x[:, self.sub])], 1))]
        for block in self.down:
            levels.append(block(levels[-1]))
        y = self.middle(levels.pop())
        for block in self.up:
            y = functional.interpolate(y, scale_factor=2.0, mode="trilinear", align_corners=False)
            y = block(torch.cat([y, levels.pop()], 1))
        y = depth_to_space(self.head(y))
        detail = functional.leaky_relu(self.mix(torch.cat([y, x[:, self.fine]], 1)), 0.1)
        own = base + self.scale * self.out(torch.cat([y, detail], 1))
        if not self.blend:
            return own
        return (1 - self.blend) * own + self.blend * x[:, self.guess:self.guess + 1]
