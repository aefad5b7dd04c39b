-- What the calls of shaped.rung say and hear; see outside_http.c for what stands on the other side.

-- a form of the web
function sign(call)
  return { path = "sign", form = { name = call.args.name, tag = call.args.tags, price = call.args.price } }
end

-- a GET, whose answer becomes a message with typed fields
function look(call)
  return { method = "GET", path = { "v1", "orders", call.args.number },
           query = { detail = "full", since = call.args.since, key = call.key },
           headers = { ["X-Note"] = "case " .. call.case.number .. " of " .. call.case.process } }
end
function looked(call, answer)
  local order = answer.json
  return { message = "looked",
           with = { number = call.args.number, sum = money(order.sum, order.currency), lines = #order.lines,
                    ready = order.ready, seen_on = re.match(answer.headers["x-seen"], "^[0-9-]{10}"),
                    tried = call.try } }
end

-- outcomes in words
function plain(call) return { json = call.args } end
function outcome(call, answer)
  local state = answer.json and answer.json.state
  if state == "later" then return { retry = "the shop is not ready yet" } end
  if state == "no" then return { fail = "the shop says: " .. answer.json.why } end
  if answer.status ~= 200 then return { fail = "the shop answered " .. answer.status } end
  return { done = true }
end

-- mistakes of whoever wrote the functions
function wrong_type(call) return "POST /orders" end
function wrong_reply(call, answer) return { answer.status } end
function wrong_field(call, answer)
  return { message = "looked", with = { number = call.args.number, sum = "a lot" } }
end
function wrong_message(call, answer) return { message = "never_heard_of" } end
local function deeper(call) error("no price for " .. call.args.number) end
function fails(call) deeper(call) end
function endless(call) while true do pcall(string.rep, "x", 10) end end
function nothing(call) end

-- what is not for functions
function inject(call) return { headers = { ["X-Note"] = "a\r\nX-Evil: yes" } } end
function inject_name(call) return { headers = { ["X-Note: a\r\nX-Evil"] = "yes" } } end
function own_key(call) return { headers = { ["idempotency-KEY"] = "1" } } end
function own_token(call) return { headers = { ["x-token"] = "mine" } } end
function climb(call) return { path = "../admin/" .. call.args.number } end
function elsewhere(call) return { url = "http://10.0.0.1/" } end
function two_strokes(call) return { path = "//10.0.0.1/" } end
function world(call) return { body = tostring(io) .. tostring(os) .. tostring(require) .. tostring(secret) } end
function told(call, answer) return { message = "looked", with = { number = answer.body } } end
