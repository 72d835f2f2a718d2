"""Thumbnails, one folder per album."""

import os

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>{title}</title></svg>\n'


def album_folder(album: str) -> str:
    folder = os.path.join("thumbs", album)
    os.makedirs(folder, exist_ok=True)
    return folder


def work(picture: list[str]) -> str:
    album, name = picture
    path = os.path.join(album_folder(album), name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(SVG.format(title=name))
    return path
