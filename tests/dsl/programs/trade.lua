function worth(price, who)
  return #(who or "")
end
