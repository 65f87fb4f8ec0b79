# The Debian package: cpack -G DEB in build/release. DESTDIR, so that what is made at installation (the units) sees /usr.
set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME ipsec9000)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "IPSec/9000 for Linux <ipsec9000@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "host-based IPsec in the manner of HP-UX IPSec/9000")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "An administrator writes policies (\"telnet to 10.1.0.0/24 is secured with
ESP, the rest passes\"); the kernel's XFRM encrypts; three daemons decide
and negotiate by IKE; thin tools start, query, configure and diagnose.
.
From start to stop, and from boot on when it is to start with the system, a
packet that a policy wants secured never travels in clear.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, iproute2, iptables, ncurses-term, tcpdump")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/etc/debian/postinst" "${CMAKE_SOURCE_DIR}/etc/debian/prerm"
    "${CMAKE_SOURCE_DIR}/etc/debian/postrm")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_SOURCE_DIR}/cmake/PackageFiles.cmake")
include(CPack)
