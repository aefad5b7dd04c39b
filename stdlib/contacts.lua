-- What a company asks of an address or a number beyond its form. Each of the first two gives a sentence
-- for the person who typed it, or nothing. A company that wants other lists copies this file.

local misspelt = {
  ["gmial.com"] = "gmail.com", ["gmai.com"] = "gmail.com", ["gmail.con"] = "gmail.com",
  ["gamil.com"] = "gmail.com", ["gnail.com"] = "gmail.com", ["gmail.co"] = "gmail.com",
  ["hotmial.com"] = "hotmail.com", ["hotmail.con"] = "hotmail.com",
  ["outlok.com"] = "outlook.com", ["yaho.com"] = "yahoo.com", ["yahoo.con"] = "yahoo.com",
  ["yandx.ru"] = "yandex.ru", ["yandex.con"] = "yandex.ru", ["mial.ru"] = "mail.ru",
  ["web.d"] = "web.de", ["gmx.d"] = "gmx.de",
}

local thrown_away = {
  ["mailinator.com"] = true, ["guerrillamail.com"] = true, ["10minutemail.com"] = true,
  ["tempmail.org"] = true, ["yopmail.com"] = true, ["trashmail.com"] = true,
}

function email_fault(address)
  if address == nil then return nil end
  local name, domain = re.match(string.lower(address), "^(.*)@([^@]*)$")
  if misspelt[domain] then
    return domain .. " looks like a slip: is it " .. name .. "@" .. misspelt[domain] .. "?"
  end
  if thrown_away[domain] then
    return domain .. " gives addresses that are thrown away after use: ask for another one"
  end
  return nil
end

function phone_fault(number)
  if number == nil then return nil end
  local last = string.sub(re.replace(number, "[^0-9]", ""), -7)
  if re.match(last, "^(.)\\1{6}$") then
    return "a number that ends in " .. last .. " answers nobody: ask for the right one"
  end
  if last == "1234567" or last == "2345678" or last == "7654321" then
    return "a number that ends in " .. last .. " was made up: ask for the right one"
  end
  return nil
end

function tidy_email(typed)
  if typed == nil then return nil end
  local address = re.replace(typed, "(?i)^\\s*mailto:|[\\s<>\"']|[,;.]+\\s*$", "")
  if address == "" then return nil end
  return address
end
