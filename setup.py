"""What pyproject.toml cannot say: the guides in docs/daw are also part of the window's package."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

GUIDES = Path("docs", "daw")


class BuildPy(build_py):
    """Builds the packages, and puts the guides into `gui/daw`, where the window looks for them."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if not self.editable_mode:  # there the window reads them where they are
            for guide in sorted(GUIDES.glob("*.md")):
                target = Path(self.build_lib, "gui", "daw", guide.name)
                self.mkpath(str(target.parent))
                self.copy_file(str(guide), str(target))


setup(cmdclass={"build_py": BuildPy})
