# Debian 12 packages only (scripts/setup installs them).
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
pkg_check_modules(libmnl REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(libnl_route REQUIRED IMPORTED_TARGET libnl-route-3.0)
pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw tinfo)   # the full screen of ipsec_mgr
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(ipsec9000_asio INTERFACE)
target_include_directories(ipsec9000_asio SYSTEM INTERFACE "${ASIO_INCLUDE_DIR}")
target_compile_definitions(ipsec9000_asio INTERFACE ASIO_NO_DEPRECATED)
target_link_libraries(ipsec9000_asio INTERFACE Threads::Threads)
