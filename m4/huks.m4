# Configure macros of this project.

# HUKS_REQUIRE(PREFIX, MODULES, DEBIAN-PACKAGE)
# pkg-config modules we cannot do without. What is missing is collected, so that one run of configure
# names all of it; HUKS_REQUIRE_REPORT then stops.
AC_DEFUN([HUKS_REQUIRE], [
  PKG_CHECK_MODULES([$1], [$2], [:], [huks_missing="$huks_missing
    $2: Debian package $3"])
])

# HUKS_REQUIRE_HEADER(HEADER, DEBIAN-PACKAGE)
AC_DEFUN([HUKS_REQUIRE_HEADER], [
  AC_CHECK_HEADER([$1], [:], [huks_missing="$huks_missing
    header $1: Debian package $2"])
])

AC_DEFUN([HUKS_REQUIRE_REPORT], [
  AS_IF([test -n "$huks_missing"],
    [AC_MSG_ERROR([these are needed and were not found:$huks_missing
  (./bootstrap installs them where apt-get may be used)])])
])

# HUKS_CFLAGS(VARIABLE, FLAGS): appends those flags the compiler takes without a murmur.
AC_DEFUN([HUKS_CFLAGS], [AX_APPEND_COMPILE_FLAGS([$2], [$1], [-Werror])])

# HUKS_LDFLAGS(VARIABLE, FLAGS): the same for the linker.
AC_DEFUN([HUKS_LDFLAGS], [AX_APPEND_LINK_FLAGS([$2], [$1], [-Werror])])

# HUKS_FORTIFY(VARIABLE)
# _FORTIFY_SOURCE needs an optimising compiler and is an error to define twice: some distributions
# predefine it and some builders pass their own level, which then stands.
AC_DEFUN([HUKS_FORTIFY], [
  AC_MSG_CHECKING([whether to define _FORTIFY_SOURCE])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#if !defined(__OPTIMIZE__) || defined(_FORTIFY_SOURCE)
#error no
#endif
]])], [AC_MSG_RESULT([yes])
    $1="$$1 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"],
    [AC_MSG_RESULT([no: not optimising, or defined already])])
])

# HUKS_PKCS11_LEVEL
# <p11-kit/pkcs11.h> is of level 2.40 in older distributions and newer elsewhere; pkcs11/ adds what is
# missing by looking at these.
AC_DEFUN([HUKS_PKCS11_LEVEL], [
  huks_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $P11_KIT_CFLAGS"
  AC_CHECK_TYPE([CK_INTERFACE],
    [AC_DEFINE([HAVE_PKCS11_3_0], [1], [<p11-kit/pkcs11.h> has what PKCS@%:@11 3.0 added])], [],
    [[#include <p11-kit/pkcs11.h>]])
  AC_CHECK_DECL([CKM_ML_KEM],
    [AC_DEFINE([HAVE_PKCS11_3_2], [1], [<p11-kit/pkcs11.h> has what PKCS@%:@11 3.2 added])], [],
    [[#include <p11-kit/pkcs11.h>]])
  CPPFLAGS=$huks_save_CPPFLAGS
])
