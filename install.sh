#!/bin/sh
# Makes .venv with the versions of requirements.lock. When it cannot, it says why in one line; run again, it goes on.
# The Python is $PYTHON, or else the first fit one of python3, python3.13, python3.12, python3.11 on the PATH.
set -eu
cd "$(dirname "$0")"
venv=.venv log=.venv/install.log complete=.venv/complete again='then run the same command again: it goes on'
unset PYTHONPATH PYTHONHOME
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PYTHONUNBUFFERED=1

fail() { echo "install: $1" >&2; exit 1; }
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo broken; }

# Prints the Python to use; fails with what to install.
find_python() {
  seen='' without_venv=''
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    command -v "$name" >/dev/null 2>&1 || continue
    if ! fits "$name"; then seen="${seen:+$seen, }$name is $(version_of "$name")"
    elif can_make_venv "$name"; then echo "$name"; return
    else without_venv=$name; fi
  done
  [ -z "$without_venv" ] || fail "$without_venv cannot make virtual environments; install the module (Debian, Ubuntu: sudo apt install \
python$(version_of "$without_venv")-venv; without root: uv venv --seed --python $(version_of "$without_venv") .venv), $again"
  fail "needs Python 3.11, 3.12 or 3.13, and ${seen:-there is no Python on the PATH}; install one (Debian, Ubuntu: \
sudo apt install python3 python3-venv; macOS: brew install python@3.13; without root: uv venv --seed --python 3.13 .venv), $again"
}

# Fails when the disk lacks the room, counting what pip keeps while it installs. Linux gets torch for CUDA, 5 GB, unless the index offers a CPU build.
check_room() {
  need=5 size='0.7 GB to download, about 2 minutes'
  if [ "$(uname)" = Linux ]; then
    # An index out of reach is for pip to tell, in the next step.
    offered=$("$venv/bin/python" -m pip index versions torch --retries 1 2>/dev/null) || return 0
    case $offered in *"$(sed -n 's/^torch==//p' requirements.lock)+cpu"*) ;; *) need=11 size='2.5 GB to download, about 5 minutes' ;; esac
  fi
  free=$(df -Pk . | awk 'NR == 2 { printf "%d", $4 / 1048576 }')
  [ "$free" -ge "$need" ] || fail "needs $need GB of disk in $PWD, which has $free GB; make room (or move this folder to a larger disk), $again"
  touch "$venv/started"
}

# Runs pip with its output in the log, showing where it is: a line that changes on a terminal, now and then a line elsewhere.
pip_install() {
  "$venv/bin/python" -m pip install --progress-bar off "$@" >>"$log" 2>&1 & pip=$!
  trap 'kill "$pip" 2>/dev/null; [ ! -t 1 ] || echo; fail "interrupted; run the same command again: it goes on"' INT TERM HUP
  seconds=0
  while kill -0 "$pip" 2>/dev/null; do
    sleep 1; seconds=$((seconds + 1))
    if [ -t 1 ]; then printf '\r\033[K  %d s  %s' "$seconds" "$(stage)"
    elif [ $((seconds % 30)) = 0 ]; then echo "  $seconds s  $(stage)"; fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  trap - INT TERM HUP
  wait "$pip" || explain
}

# pip's last step in a few words, such as "Downloading torch (526.6 MB)".
stage() {
  sed -n -e 's/^ *Downloading \([A-Za-z0-9_.]*\)-[^-]*-.* \((.*)\)$/Downloading \1 \2/p' -e 's/^\(Collecting [A-Za-z0-9_.-]*\).*/\1/p' \
    -e 's/^Installing collected packages.*/Unpacking and installing/p' "$log" | tail -n 1 | cut -c 1-70
}

# Says what stopped pip, from its log.
explain() {
  said() { grep -q -i -E "$1" "$log"; }
  if said 'no space left|disk quota|errno 28'; then why="the disk is full (here, or where pip keeps its downloads: ${PIP_CACHE_DIR:-~/.cache/pip}); make room"
  elif said 'certificate verify failed|certificate_verify_failed'; then
    why='the certificate of the package index is not trusted (a proxy that reads along?); set PIP_CERT to the file with its certificate'
  elif said 'proxyerror|proxy authentication|tunnel connection failed'; then why='the proxy refused the connection; set https_proxy=http://HOST:PORT'
  elif said 'connection|timed out|temporary failure in name|incompleteread|incomplete-download|not enough data|unreachable|http error'; then
    why='the package index was not reached, or the connection broke; check the network (behind a proxy set https_proxy=http://HOST:PORT)'
  elif said 'no matching distribution|failed building wheel|failed to build'; then
    why="$(grep -E '^ERROR' "$log" | tail -n 1 | cut -c 8-): no ready-made package for $(uname -sm) with Python $(version_of "$venv/bin/python"); see README, Platforms"
  else why="pip: $(grep -i -E 'error|killed' "$log" | tail -n 1 | cut -c 1-200)"; fi
  fail "$why, $again. All that pip said: $log"
}

key=$(cat requirements.lock setup.cfg install.sh | cksum)
[ "$(cat "$complete" 2>/dev/null)" = "$key" ] && "$venv/bin/python" -c '' 2>/dev/null && exit 0

# What a kill left half-installed, or a Python that is gone, goes; what pip had downloaded stays in its cache.
case $(grep -E '^(Installing collected|Successfully installed)' "$log" 2>/dev/null | tail -n 1) in Installing*) rm -rf "$venv" ;; esac
[ ! -e "$venv" ] || "$venv/bin/python" -m pip -V >/dev/null 2>&1 || rm -rf "$venv"
if [ ! -e "$venv" ]; then
  python=$(find_python)
  echo "Making .venv with $("$python" -V) ..."
  "$python" -m venv "$venv" || { rm -rf "$venv"; fail "$python -m venv $venv failed (see above); mend that, $again"; }
fi
fits "$venv/bin/python" || fail ".venv has Python $(version_of "$venv/bin/python"), and 3.11, 3.12 or 3.13 is needed; make clean, $again"

# Some systems' /tmp is memory and too small for what pip unpacks.
TMPDIR=$PWD/$venv/tmp; export TMPDIR; rm -rf "$TMPDIR" "$complete"; mkdir "$TMPDIR"
size='going on where it stopped'
[ -e "$venv/started" ] || check_room
echo "Installing Python packages into .venv ($size) ..."
: >"$log"
pip_install pip==26.3
pip_install -r requirements.lock
pip_install --no-deps --no-build-isolation --editable .
rm -rf "$TMPDIR"
echo "$key" >"$complete"
echo "Installed in .venv, $(du -sh "$venv" | cut -f 1)."
