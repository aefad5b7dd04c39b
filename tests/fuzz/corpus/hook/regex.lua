function f(n, text)
  local a, b = re.match(text, "(\\d+) (\\d+)$")
  local s = re.replace(text, "[^0-9]", "$0$$")
  return { a or "", b or "", s, #re.all(text, "\\d") }
end
