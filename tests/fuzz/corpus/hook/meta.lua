local m = { __index = function(t, k) return k end, __call = function(t, a) return a end, __lt = function() return true end, __close = function() end }
function f(n, text, list)
  local t <close> = setmetatable({}, m)
  table.sort(list, function(a, b) return tostring(a) < tostring(b) end)
  goto done
  ::done::
  return { x = t.y, z = t(n), u = utf8.char(1071, 8364), v = ("%5.1f|%s"):format(2.25, true) }
end
