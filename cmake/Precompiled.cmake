# Headers that most files include, read once (IPSEC9000_PRECOMPILE; the asan preset has it on, and scripts/test for
# its release build: half the time). What a file includes it still names itself: the presets dev and release build
# without, and would not compile else.

set(ipsec9000_common_headers <algorithm> <functional> <map> <memory> <optional> <string> <variant> <vector>
    <nlohmann/json.hpp>)

# One precompiled header for all targets of a kind; targets of one kind have the same compile options.
#   computing  the static libraries that are optimised with sanitizers, too
#   library    the others
#   test       programs that use Catch
function(ipsec9000_precompiled_kind kind)
  cmake_parse_arguments(ARG "" "" "HEADERS;LINKS;OPTIONS" ${ARGN})
  set(source "${CMAKE_BINARY_DIR}/precompiled/${kind}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// Carries the precompiled header.\nint main() {}\n")
  if(kind STREQUAL "test")  # position independent as programs are
    add_executable(ipsec9000_precompiled_${kind} EXCLUDE_FROM_ALL "${source}")
  else()
    add_library(ipsec9000_precompiled_${kind} STATIC EXCLUDE_FROM_ALL "${source}")
  endif()
  target_link_libraries(ipsec9000_precompiled_${kind} PRIVATE ipsec9000_options nlohmann_json::nlohmann_json ${ARG_LINKS})
  target_compile_options(ipsec9000_precompiled_${kind} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(ipsec9000_precompiled_${kind} PRIVATE ${ipsec9000_common_headers} ${ARG_HEADERS})
endfunction()

function(ipsec9000_precompile target kind)
  if(IPSEC9000_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ipsec9000_precompiled_${kind})
  endif()
endfunction()

if(IPSEC9000_PRECOMPILE)
  # What GCC inlines from a precompiled header of the library is no longer a system header to it, and GCC 12 then warns
  # of copies within std::string that cannot happen (its bugs 105329, 105651).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(ipsec9000_options INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
                           -Wno-stringop-overread)
  endif()
  ipsec9000_precompiled_kind(library)
  ipsec9000_precompiled_kind(computing OPTIONS ${ipsec9000_computing_options})
  if(BUILD_TESTING AND IPSEC9000_UNIT_TESTS)
    find_package(Catch2 2.13 REQUIRED)
    ipsec9000_precompiled_kind(test HEADERS <catch2/catch.hpp> LINKS Catch2::Catch2)
  endif()
endif()

# The sources of a library whose folders are programs' parts, each with a table or a question of its own, in one unit
# for each folder (CMAKE_UNITY_BUILD).
function(ipsec9000_unite_by_folder target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_filename_component(folder "${source}" DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()
