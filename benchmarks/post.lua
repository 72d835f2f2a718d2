-- For wrk: posts the lines of a file as JSON bodies, one after the other, from a place in the file on.
--
--     wrk … -s post.lua http://host:port/v1/advice -- FILE PLACE
--
-- Its last line is JSON, for benchmarks/wrk.py: latencies in microseconds, and the place where the next run may go on;
-- after the last line it begins again with the first.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  bodies = assert(io.open(arguments[1], "r"))
  bodies:seek("set", tonumber(arguments[2]))
  place, turns = tonumber(arguments[2]), 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  local body = bodies:read("*l")
  if not body then
    bodies:seek("set", 0)
    place, turns = 0, turns + 1
    body = bodies:read("*l")
  end
  place = place + #body + 1
  return wrk.format(nil, nil, nil, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%.0f,"p99":%.0f,"refused":%d,"lost":%d,"place":%d,"turns":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, threads[1]:get("place"), threads[1]:get("turns")
  ))
end
