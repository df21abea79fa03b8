"""The trained network in onnxruntime: the bundle, and one call from sliders to a loop.

model = Model(Bundle.load())
loop = model.loop(Settings(seed=7, temperature=0.5, axes={"z1": 1.5}))
"""

from bridge.model.bundle import Bundle, BundleError
from bridge.model.map import Map
from bridge.model.model import Model
from bridge.model.providers import ProviderError, ProviderReport, probe
from bridge.model.settings import Settings, SliderError

__all__ = [
    "Bundle",
    "BundleError",
    "Map",
    "Model",
    "ProviderError",
    "ProviderReport",
    "Settings",
    "SliderError",
    "probe",
]
