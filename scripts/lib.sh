# Shared by scripts/run and scripts/test: finds a Python that works and sets up .venv with it.
# shellcheck shell=bash

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
unset PYTHONHOME PYTHONPATH  # another program's packages are none of ours

# Print the first Python that runs and is 3.11 or 3.12. A name alone proves nothing: pyenv leaves shims that only
# print an error. Our own .venv comes first, so that it is kept when the machine's default changes.
find_python() {
  local name
  for name in "$root/.venv/bin/python" python3.11 python3.12 python3 python; do
    if "$name" -I -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  echo "Groovebridge needs Python 3.11 or 3.12, and none that runs was found." \
    "Install one (on Debian 12 and Ubuntu: sudo apt-get install python3) and try again." >&2
  return 1
}

# set_up run|test: bring .venv up to date. Quick when nothing changed.
set_up() {
  local python
  python=$(find_python) || exit 1
  # -P: not the current folder's modules, which may be another checkout's set-up; it would make that one's .venv anew.
  PYTHONPATH=$root "$python" -B -s -P -m scripts.set_up "$1" || exit
}
