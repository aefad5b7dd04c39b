# Compiler flags of every target; see docs/adr for why each group is there.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
option(RUNG_FUZZ "build the fuzz targets (clang)" OFF)
option(RUNG_CHECK_SLOW "turn on CHECK_SLOW" OFF)

add_library(rung_flags INTERFACE)
target_include_directories(rung_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(rung_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(RUNG_CHECK_SLOW)
    target_compile_definitions(rung_flags INTERFACE RUNG_CHECK_SLOW)
endif()
set(RUNG_WARNINGS
    -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
    -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition
    -Wnested-externs -Wredundant-decls -Wvla -Walloca -Wcast-qual -Wcast-align -Wpointer-arith
    -Wwrite-strings -Wundef -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference
    -Wdate-time -Wfloat-equal -Wframe-larger-than=16384)
set(RUNG_CODEGEN -fno-common -fno-strict-aliasing -fno-omit-frame-pointer -fvisibility=hidden
    -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND RUNG_WARNINGS -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wrestrict
        -Wformat-truncation=2 -Wjump-misses-init)
    list(APPEND RUNG_CODEGEN -fstack-clash-protection -fcf-protection)
    if(RUNG_CHECK_SLOW) # finds a variable that is read before it is set; costs a twentieth
        list(APPEND RUNG_CODEGEN -ftrivial-auto-var-init=pattern)
    endif()
    set(RUNG_RELEASE -D_FORTIFY_SOURCE=2)
else()
    list(APPEND RUNG_WARNINGS -Wcomma -Wassign-enum -Wconditional-uninitialized -Wunreachable-code)
endif()
target_compile_options(rung_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C>:${RUNG_WARNINGS}> $<$<COMPILE_LANGUAGE:C>:${RUNG_CODEGEN}>
    $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:C>>:${RUNG_RELEASE}>)

# rung_layer(name folder deps…): a static library of all .c files of one folder.
function(rung_layer name folder)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
    if(NOT sources)
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC rung_flags ${ARGN})
endfunction()

# rung_test(name file deps…): one cmocka program, run by ctest.
function(rung_test name file)
    add_executable(${name} ${file})
    target_link_libraries(${name} PRIVATE ${ARGN} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
