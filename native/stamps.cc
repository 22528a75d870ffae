// From the accept to the reaping: which stamps belong together.
#include "stamps.hh"

#include <cstring>

void Stamps::accept(const Record& record, double ready, double accepted) {
  arrivals_[record.fd] = {record, ready, accepted};
}

void Stamps::spawn(pid_t pid, const Record& record, double spawning, double spawned) {
  const auto found = arrivals_.find(record.fd);
  if (found == arrivals_.end() || memcmp(&found->second.record, &record, sizeof record) != 0) return;
  const auto port = static_cast<double>(record.remotePort);
  running_[pid] = {port, found->second.ready, found->second.accepted, spawning, spawned, 0, 0, 0};
  arrivals_.erase(found);
}

void Stamps::exec(pid_t pid, int64_t childBegan, int64_t executing) {
  const auto found = running_.find(pid);
  if (found == running_.end()) return;
  found->second.childBegan = static_cast<double>(childBegan);
  found->second.executing = static_cast<double>(executing);
}

Trace Stamps::reap(pid_t pid, double reaped) {
  const auto found = running_.find(pid);
  if (found == running_.end()) return {};
  Trace trace = found->second;
  running_.erase(found);
  trace.reaped = reaped;
  return trace;
}
