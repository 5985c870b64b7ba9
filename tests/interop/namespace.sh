# shellcheck shell=bash disable=SC2154 # common.sh sets them
# For tests that lay files of their own over the system's, p11-kit's .module files first of all: root's p11-kit
# reads the system's directories only. Sourced before common.sh; the script begins again in a mount namespace of
# its own, where nothing that it mounts is seen from outside. Where namespaces are forbidden an ordinary user
# has a directory of .module files of his own.
# With own_network=yes before it, the network is its own, too.
own_mounts=(unshare --mount)
# In a chroot the root is no mount whose propagation could be changed. Where no mount is shared nothing has to be.
if ! grep -q ' / / ' /proc/self/mountinfo && ! grep -q ' shared:' /proc/self/mountinfo; then
    own_mounts+=(--propagation unchanged)
fi
own_namespace=("${own_mounts[@]}" ${own_network:+--net})
[ "$(id -u)" = 0 ] || own_namespace+=(--user --map-root-user)
if [ -z "${INTEROP_NAMESPACE-}" ] && "${own_namespace[@]}" true 2>/dev/null; then
    INTEROP_NAMESPACE=yes exec "${own_namespace[@]}" bash "$0" "$@"
fi
if [ -n "${own_network-}" ] && [ -n "${INTEROP_NAMESPACE-}" ]; then
    # ip link set lo up
    python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack("16sh22x", b"lo", 0x41))'
fi

p11_variable() { # VARIABLE DEFAULT
    pkg-config --variable="$1" p11-kit-1 2>/dev/null || echo "$2"
}
# After common.sh: FILE lies over the system's from here on.
lay_over() { # FILE SYSTEM-FILE
    [ -n "${INTEROP_NAMESPACE-}" ] || skip_all "mount namespaces are forbidden here: can't lay a file over $2"
    must check "our own $2" mount --bind "$1" "$2"
}
# After common.sh: an empty directory of .module files, $modules.
own_modules() {
    modules=$work/home/.config/pkcs11/modules
    mkdir -p "$modules"
    if [ -n "${INTEROP_NAMESPACE-}" ]; then
        lay_over "$modules" "$(p11_variable p11_module_configs /usr/share/p11-kit/modules)"
    elif [ "$(id -u)" = 0 ]; then
        skip_all "mount namespaces are forbidden here, and root's p11-kit has no configuration of its own"
    fi
}
# A .module file as it is installed, with more lines.
offer() { # NAME MODULE [LINE...]
    sed "s|@modulefile@|$2|" "$source/pkcs11/huks.module.in" >"$modules/$1.module"
    [ $# -lt 3 ] || printf '%s\n' "${@:3}" >>"$modules/$1.module"
}
