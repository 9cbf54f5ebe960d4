-- What load.mjs sends through wrk: single events of random devices, a tenth of them failed.
local devices = tonumber(os.getenv("DEVICES"))
local failing_share = tonumber(os.getenv("FAILING_SHARE"))
local headers = { ["Content-Type"] = "application/json" }
local body = '{"device_id":"PIBOX-%d","timestamp":"2026-05-04T10:30:00Z","total_files_synced":%d,"total_errors":%d,"internet_speed":4.5}'

math.randomseed(os.time())

request = function()
  local failed = math.random() < failing_share
  local text = string.format(body, math.random(0, devices - 1), failed and 0 or 12, failed and 1 or 0)
  return wrk.format("POST", "/api/sync-event", headers, text)
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"microseconds":%d,"p99":%d,"refused":%d}\n',
    summary.requests, summary.duration, latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
