-- For hooks.rung: what a process may ask in Lua.
local margins = { berlin = "0.30", omsk = "0.45" }

function margin_of(price, city)
  if city == nil then
    error("there is no margin without a city")
  end
  return price * dec(margins[city:lower()] or "0.40")
end

-- One seat for each thousand, at least one.
function seats_of(amount, who)
  local seats = {}
  local count = 1
  while money(1000, amount.currency) * count < amount do
    count = count + 1
  end
  for i = 1, count do
    seats[i] = { number = i, who = who }
  end
  return seats
end

function tidy(text)
  local tidied = re.replace(text, "\\s+", " ")
  if tidied == "nothing" then
    return nil
  end
  return tidied
end

function wrong_type()
  return "many"
end

function never_ends()
  while true do
  end
end
