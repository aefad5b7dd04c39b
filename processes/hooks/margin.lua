-- What is left of a design when the drawing has been paid: every draft after the first costs us a day.
local day = dec("320")

function margin_of(price, drafts)
  if price == nil then return nil end
  local extra = math.max(0, (drafts or 0) - 1)
  return price * dec("0.45") - money(tostring(day * extra), price.currency)
end
