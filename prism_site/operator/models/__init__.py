from prism_site.operator.models.key_map import KeyMap
from prism_site.operator.models.saved_filter import SavedFilter

__all__ = ["KeyMap", "SavedFilter"]
