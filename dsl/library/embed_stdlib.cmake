# cmake -DROOT=… -DOUT=… -P: the files of stdlib/ as a table of C texts. Long texts are broken at line
# ends: each line is a literal of its own.
set(text "// Made from stdlib/.\n#include \"dsl/library/stdlib_files.h\"\n\nconst struct stdlib_file stdlib_files[] = {\n")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/stdlib/*.rung ${ROOT}/stdlib/*.xml ${ROOT}/stdlib/*.csv
    ${ROOT}/stdlib/*.lua ${ROOT}/stdlib/*.map ${ROOT}/stdlib/*.txt)
list(FILTER files EXCLUDE REGEX "_test[.]rung$")
list(SORT files)
foreach(name ${files})
    file(READ ${ROOT}/${name} body)
    file(SIZE ${ROOT}/${name} size)
    string(REPLACE "\\" "\\\\" body "${body}")
    string(REPLACE "\"" "\\\"" body "${body}")
    string(REPLACE "\n" "\\n\"\n    \"" body "${body}")
    string(REPLACE "??" "?\\?" body "${body}")
    string(APPEND text "    { \"${name}\",\n    \"${body}\",\n    ${size} },\n")
endforeach()
string(APPEND text "    { 0, 0, 0 },\n};\n")
file(WRITE ${OUT} "${text}")
