# How everything of ours is compiled. Warnings are errors where IPSEC9000_WERROR is on (the presets and CI), so that
# a packager with another compiler is not stopped by a new warning.
option(IPSEC9000_WERROR "Treat warnings as errors" OFF)
set(IPSEC9000_SANITIZE OFF CACHE STRING "Sanitizers to build with: ON (address and undefined), \"undefined\" alone, or OFF")
option(IPSEC9000_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
option(IPSEC9000_UNIT_TESTS "Build the unit tests" ON)
option(IPSEC9000_BENCH "Build the benchmark programs" OFF)
option(IPSEC9000_PRECOMPILE "Precompile the headers that most files include" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Not with precompiled headers: unless told otherwise ccache passes by what uses them, after a look at each file that
# takes a tenth of what compiling takes.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT IPSEC9000_PRECOMPILE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(ipsec9000_options INTERFACE)
target_compile_options(ipsec9000_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
                       $<$<BOOL:${IPSEC9000_WERROR}>:-Werror>)
if(CMAKE_UNITY_BUILD)  # where one file's local name hides another file's helper; the preset dev still looks within a file
  target_compile_options(ipsec9000_options INTERFACE -Wno-shadow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of the inside of a std::optional in a std::variant that is moved (its bug 105562); clang, which builds
  # the tests, keeps its own watch.
  target_compile_options(ipsec9000_options INTERFACE -Wno-maybe-uninitialized)
endif()
target_include_directories(ipsec9000_options INTERFACE "${CMAKE_SOURCE_DIR}/lib")
target_compile_definitions(ipsec9000_options INTERFACE _GNU_SOURCE IPSEC9000_VERSION="${PROJECT_VERSION}")
if(IPSEC9000_SANITIZE)
  if(IPSEC9000_SANITIZE STREQUAL "undefined")
    set(sanitizers undefined)
  else()
    set(sanitizers address,undefined)
  endif()
  target_compile_options(ipsec9000_options INTERFACE -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ipsec9000_options INTERFACE -fsanitize=${sanitizers})
  find_program(LLD_PROGRAM ld.lld)
  if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # some fifty programs of forty megabytes
    target_link_options(ipsec9000_options INTERFACE -fuse-ld=lld)
  endif()
  target_compile_definitions(ipsec9000_options INTERFACE IPSEC9000_SANITIZED)  # compilers disagree on a macro of theirs
endif()
if(NOT sanitizers MATCHES "address")   # which FORTIFY and the stack protector would hide errors from
  target_compile_options(ipsec9000_options INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>
                         -fstack-protector-strong)
endif()
if(IPSEC9000_FUZZ)
  target_compile_options(ipsec9000_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(ipsec9000_options INTERFACE -fsanitize=address,undefined)
endif()

# A library of ours: static, named after its folder. USES names what it may call; what is not named does not link.
function(ipsec9000_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(ipsec9000_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(ipsec9000_${name} PUBLIC ipsec9000_options)
  foreach(used ${ARG_USES})
    target_link_libraries(ipsec9000_${name} PUBLIC ipsec9000_${used})
  endforeach()
  target_link_libraries(ipsec9000_${name} PRIVATE ${ARG_LINKS})
  if(name IN_LIST ipsec9000_computing)
    target_compile_options(ipsec9000_${name} PRIVATE ${ipsec9000_computing_options})
    ipsec9000_precompile(ipsec9000_${name} computing)
  else()
    ipsec9000_precompile(ipsec9000_${name} library)
  endif()
endfunction()

# With sanitizers the optimiser takes half of the time that compiling takes. Only where thousands of simulated
# negotiations and random policies spend theirs does it give that back.
set(ipsec9000_computing base crypto wire model ike policy)
set(ipsec9000_computing_options $<$<BOOL:${IPSEC9000_SANITIZE}>:-O1>)

# A unit test program: tests/unit/NAME, one Catch2 executable and one ctest entry for each library.
function(ipsec9000_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_executable(unit_${name} ${ARG_SOURCES})
  set_target_properties(unit_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_link_libraries(unit_${name} PRIVATE ipsec9000_options ipsec9000_catch_main ${ARG_LINKS})
  foreach(used ${ARG_USES})
    target_link_libraries(unit_${name} PRIVATE ipsec9000_${used})
  endforeach()
  target_compile_definitions(unit_${name} PRIVATE IPSEC9000_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  ipsec9000_precompile(unit_${name} test)
  add_test(NAME unit.${name} COMMAND unit_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
