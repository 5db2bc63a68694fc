"""Embed static SVG images in a page: unique ids, no scripts, nothing loaded."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from markupsafe import Markup

from xstilts.errors import UserError

#: Pixels: no text of a figure is shown smaller; a narrower window scrolls the figure in its own box.
READABLE = 9.0
_UNWANTED = {"script", "style", "foreignObject", "image", "a"}
_REFERENCE = re.compile(r"url\(['\"]?#([^)'\"]+)['\"]?\)")
_LONG_DECIMAL = re.compile(r"(-?\d+\.\d\d)\d+")
_COORDINATES = ("d", "transform", "points", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height")


def embedded(svg: str, name: str, alt: str) -> Markup:
    """Prepare an SVG image for HTML.

    The descriptions that vl-convert adds to each mark (``aria-label``) become tooltips (``<title>``), which need no
    script.

    Args:
        svg: The image.
        name: A prefix for all ids in it.
        alt: The text alternative.

    Raises:
        UserError: ``svg`` is not XML with the root ``svg``.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise UserError(f"The figure '{name}' is not an SVG image: {error}.") from None
    if _local(root.tag) != "svg":
        raise UserError(f"The figure '{name}' is not an SVG image: its root is <{_local(root.tag)}>.")
    width, font = _width(root), _smallest_font(root)
    _clean(root, f"{name}-")
    root.attrib = {key: value for key, value in root.attrib.items() if key == "viewBox"}
    root.attrib |= {
        "role": "img",
        "aria-label": alt,
        "style": f"--natural:{width:.0f}px;--least:{math.ceil(width * READABLE / font)}px",
    }
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _width(root: ElementTree.Element) -> float:
    """Return the width in pixels; add a view box, which has the same unit, if there is none."""
    sizes = [re.match(r"[\d.]+", root.get(key, "")) for key in ("width", "height")]
    if "viewBox" not in root.attrib and all(sizes):
        root.set("viewBox", " ".join(["0", "0", *(size[0] for size in sizes if size)]))
    if sizes[0]:
        return float(sizes[0][0])
    box = root.get("viewBox", "").replace(",", " ").split()
    return float(box[2]) if len(box) == 4 else 800.0


def _smallest_font(root: ElementTree.Element) -> float:
    """Return the size in pixels of the smallest text, at least :data:`READABLE`, below which no text is enlarged."""
    sizes = [
        re.match(r"[\d.]+", element.get("font-size", "")) for element in root.iter() if _local(element.tag) == "text"
    ]
    return max([READABLE, min((float(size[0]) for size in sizes if size), default=READABLE)])


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Clean an element and all below in place: local names, prefixed ids, no scripts, styles, links or images."""
    element.tag = _local(element.tag)
    label = element.get("aria-label") if element.get("aria-roledescription", "").endswith("mark") else None
    element.attrib = dict(filter(None, (_attribute(key, value, prefix) for key, value in element.attrib.items())))
    for child in list(element):
        if not isinstance(child.tag, str) or _local(child.tag) in _UNWANTED:
            element.remove(child)
        else:
            _clean(child, prefix)
    if label and len(element) == 0 and element.tag != "text":
        ElementTree.SubElement(element, "title").text = _LONG_DECIMAL.sub(r"\1", label.replace("\n", " "))


def _attribute(key: str, value: str, prefix: str) -> tuple[str, str] | None:
    """Return an attribute as the page has it, or None to drop it."""
    key = _local(key)
    if key.startswith(("on", "aria-", "xmlns")) or key in ("role", "space", "class", "tabindex"):
        return None
    if key == "id":
        return key, prefix + value
    if key == "href":
        return (key, f"#{prefix}{value[1:]}") if value.startswith("#") else None
    if key in _COORDINATES:
        return key, _LONG_DECIMAL.sub(r"\1", value)
    return key, _REFERENCE.sub(rf"url(#{prefix}\1)", value)
