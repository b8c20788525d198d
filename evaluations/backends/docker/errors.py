"""What can be wrong with an engine or an image; none of it is a submission's fault."""

from evaluations.backends.jobs import BackendFault, BackendUnavailable


class EngineUnavailable(BackendUnavailable):
    """The container engine does not answer."""

    code = "host_engine_unavailable"


class ImageNotAllowed(BackendFault):
    """The evaluator's image is not on the list of those that may be used, or is not named by a digest."""

    code = "image_not_allowed"


class ImageMissing(BackendFault):
    """The engine does not have the image; nothing is pulled while runs wait."""

    code = "image_missing"
