local margins = { berlin = "0.30" }
function f(n, text, list)
  return money(n, "EUR") * dec(margins["berlin"])
end
