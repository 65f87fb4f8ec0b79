# Run by cpack between installation and packing: what only a Debian package has.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(doc "${root}/usr/share/doc/ipsec9000")
get_filename_component(source "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
# Not file(INSTALL): it would put DESTDIR before the path, which has it already.
file(COPY "${source}/etc/debian/copyright" "${source}/etc/debian/changelog" "${source}/README.md" "${source}/docs"
     DESTINATION "${doc}"
     FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
     DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
file(MAKE_DIRECTORY "${root}/usr/share/lintian/overrides")
configure_file("${source}/etc/debian/lintian-overrides" "${root}/usr/share/lintian/overrides/ipsec9000" COPYONLY
               FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(GLOB pages "${root}/usr/share/man/man*/*.[1-9]")
execute_process(COMMAND gzip -9n ${pages} "${doc}/changelog" COMMAND_ERROR_IS_FATAL ANY)
