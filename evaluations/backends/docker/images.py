"""Which images a run may be given to: named by their content, and on the operator's list."""

import re

from evaluations.backends.docker.errors import ImageNotAllowed
from prism_site.config import comma_separated, env

# `name@sha256:…` is the digest of a registry's manifest, `sha256:…` alone the id of an image built here.
BY_DIGEST = re.compile(r"([a-z0-9][A-Za-z0-9._:/-]{0,190}@)?sha256:[0-9a-f]{64}")


def allowed(image: str) -> str:
    """The image, if its name fixes its content and the list has it; raise `ImageNotAllowed`."""
    if not BY_DIGEST.fullmatch(image):
        raise ImageNotAllowed(
            f"PRISM_PLATFORM_EVAL_IMAGE is {image!r}: an image is named by its digest, name@sha256:… or"
            " sha256:…, because a tag can be moved to another"
        )
    if image not in comma_separated(env().docker_allowed_images):
        raise ImageNotAllowed(f"{image} is not in PRISM_DOCKER_ALLOWED_IMAGES")
    return image
