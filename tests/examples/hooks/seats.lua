-- For the example invoice: who is to sign, by the amount. Nobody is named, the parent picks.
function seats_of(amount)
  return { { what = "vote" }, { what = "vote" } }
end
