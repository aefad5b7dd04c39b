function f(n)
  local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield({ i, who = "a" }) end end)
  local t = {}
  for i = 1, 3 do t[i] = c().who end
  return t
end
