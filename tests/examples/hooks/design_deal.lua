-- For the example company: what is left of a drawing.
function margin_of(price, city)
  if price == nil then return nil end
  return price * dec(city == "Moscow" and "0.35" or "0.45")
end
