# Two CTests that hold the architecture to its word, each with a second test that proves the first one can fail.
#
#   symbol_audit       no library but the real backend and the program calls for the time, randomness, threads, files or sockets
#   forbidden_include  a source that includes across a forbidden arrow does not compile
#
# Both are told what was built through build/PRESET/audit/*.txt, so that a new component is audited without being listed here.
# The system's Python, not one of a version manager: the interop tests need the packages that come with it.
find_program(FAULTLINE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

get_property(libraries GLOBAL PROPERTY FAULTLINE_LIBRARIES)
get_property(components GLOBAL PROPERTY FAULTLINE_COMPONENTS)

set(lines "")
foreach(target IN LISTS libraries)
  string(APPEND lines "$<TARGET_PROPERTY:${target},FAULTLINE_FOLDER>\t$<TARGET_FILE:${target}>\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/audit/libraries.txt CONTENT "${lines}")

set(lines "")
foreach(target IN LISTS components)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(folders $<TARGET_PROPERTY:${target},INTERFACE_INCLUDE_DIRECTORIES>)
  else()
    set(folders $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
  endif()
  string(APPEND lines "$<TARGET_PROPERTY:${target},FAULTLINE_FOLDER>\t$<JOIN:${folders},\t>\n")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/audit/includes.txt CONTENT "${lines}")

set(audits ${PROJECT_SOURCE_DIR}/tests/support)
add_test(NAME symbol_audit
  COMMAND ${FAULTLINE_PYTHON} ${audits}/symbol_audit.py --nm ${CMAKE_NM} --libraries ${CMAKE_BINARY_DIR}/audit/libraries.txt)
add_test(NAME symbol_audit_finds
  COMMAND ${FAULTLINE_PYTHON} ${audits}/symbol_audit.py --nm ${CMAKE_NM} --self-test ${CMAKE_CXX_COMPILER})
add_test(NAME forbidden_include
  COMMAND ${FAULTLINE_PYTHON} ${audits}/forbidden_include.py --compiler ${CMAKE_CXX_COMPILER} --source ${PROJECT_SOURCE_DIR}
          --includes ${CMAKE_BINARY_DIR}/audit/includes.txt)
add_test(NAME forbidden_include_finds
  COMMAND ${FAULTLINE_PYTHON} ${audits}/forbidden_include.py --compiler ${CMAKE_CXX_COMPILER} --self-test)
