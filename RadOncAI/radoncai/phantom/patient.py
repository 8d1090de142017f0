"""The sample patient and its random relatives."""

from __future__ import annotations

from radoncai.phantom.variant import Variant, head_and_neck_variant

__all__ = ["Variant", "head_and_neck_variant"]
