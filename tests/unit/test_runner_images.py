"""保存する図を軽くしても、見た目と 2 回目の結果は変わらない。"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from runner.images import compact_png


def encode(image: Image.Image) -> str:
    """画像を base64 の PNG にする。"""
    output = io.BytesIO()
    image.save(output, "png")
    return base64.b64encode(output.getvalue()).decode("ascii")


def decode(encoded: str) -> Image.Image:
    """base64 の PNG を読む。"""
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def chart() -> Image.Image:
    """白地に、なめらかな色の帯と線を描いた図。"""
    rows, columns = np.mgrid[0:200, 0:300]
    pixels = np.full((200, 300, 4), 255, dtype=np.uint8)
    wave = np.abs(rows - 100 - 60 * np.sin(columns / 20))
    shade = np.clip(255 * wave / 4, 0, 255).astype(np.uint8)
    pixels[..., 0] = shade
    pixels[..., 1] = np.maximum(shade, 90)
    return Image.fromarray(pixels, "RGBA")


def test_images_become_lighter_and_look_almost_the_same() -> None:
    before = encode(chart())
    after = compact_png(before)
    assert len(after) < len(before)
    assert decode(after).size == decode(before).size
    difference = np.asarray(decode(after).convert("RGB"), dtype=float) - np.asarray(
        decode(before).convert("RGB"), dtype=float
    )
    assert np.sqrt((difference**2).mean()) < 4.0


def test_applying_it_twice_changes_nothing() -> None:
    once = compact_png(encode(chart()))
    assert compact_png(once) == once


def test_images_with_transparency_are_left_alone() -> None:
    image = chart()
    image.putpixel((0, 0), (0, 0, 0, 0))
    encoded = encode(image)
    assert compact_png(encoded) == encoded
