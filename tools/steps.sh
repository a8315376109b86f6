# Shared by the scripts beside it (sourced, not run): where the project is, how to say what happens, how to be root.

project_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
postrider_cache=${POSTRIDER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postrider}

# A copy of the tree elsewhere finds the same objects in the compiler cache.
export CCACHE_NOHASHDIR=1

say() {
  printf '==> %s\n' "$*"
}

# fail WHAT REMEDY
fail() {
  printf '%s: %s: %s\n' "${0##*/}" "$1" "$2" >&2
  exit 1
}

# The comment on top of a script is its --help.
help() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  exit 0
}

# usage WHAT-IS-WRONG
usage() {
  printf '%s: %s: see %s --help\n' "${0##*/}" "$1" "$0" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    fail "not root, and there is no sudo" "as root run: $*"
  fi
}

# Reads a list of packages: one a line, `#` begins a comment.
read_list() {
  sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"
}

# missing_packages NAME...: those that are not installed, one a line.
missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

# Once a run: a fresh machine's package lists are empty or old.
apt_update() {
  [ -z "${apt_updated:-}" ] || return 0
  say "apt-get update"
  as_root apt-get update -q -o Acquire::Retries=3 || fail "apt-get update failed" "check the network and /etc/apt"
  export apt_updated=1 # for the scripts that this one starts, too
}

# install_packages NAME...: by apt, what is missing of it.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  apt_update
  say "installing ${#missing[@]} packages: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "${missing[@]}" ||
    fail "apt-get install failed" "read apt's words above; the lists are tools/packages*.txt"
}

# configure_build DIR [MESON OPTION...]: once; ninja itself follows later changes of the build files.
configure_build() {
  local build=$1
  shift
  if [ -f "$build/build.ninja" ]; then
    return 0
  fi
  say "configuring $build"
  meson setup "$build" "$project_root" --native-file "$project_root/tools/clang19.ini" "$@"
}

# compile_build DIR [TARGET...]
compile_build() {
  local build=$1
  shift
  say "building in $build"
  ninja -C "$build" "$@" || fail "the build failed" "if only this machine's build is at fault: rm -rf '$build' and again"
}
