-- For wrk: post the lines of a file as JSON bodies, one after the other, starting at an offset.
--
--     wrk … -s post.lua http://host:port/v1/advice -- FILE OFFSET
--
-- The last line of output is JSON, for benchmarks/wrk.py: latencies in microseconds, and the offset for the next run.
-- After the last line of the file the first one follows.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  bodies = assert(io.open(arguments[1], "r"))
  bodies:seek("set", tonumber(arguments[2]))
  offset, wraps = tonumber(arguments[2]), 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  local body = bodies:read("*l")
  if not body then
    bodies:seek("set", 0)
    offset, wraps = 0, wraps + 1
    body = bodies:read("*l")
  end
  offset = offset + #body + 1
  return wrk.format(nil, nil, nil, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"p50":%.0f,"p99":%.0f,"refused":%d,"lost":%d,"offset":%d,"wraps":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, threads[1]:get("offset"), threads[1]:get("wraps")
  ))
end
