// What one instance of the addon holds: the private epoll, the slots of the spawn engine, the buffers it shares with
// JavaScript.
#pragma once

#include <napi.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "child-signal.hh"
#include "fd.hh"
#include "record.hh"
#include "relay.hh"
#include "spawn.hh"
#include "stamps.hh"

/// One ended child, as JavaScript reads it: eight doubles.
struct Ended {
  double pid;
  double status;  // as wait4(2) gives it
  double userMicroseconds;
  double systemMicroseconds;
  double peakKibibytes;  // 0 when it never exceeded ours, which it began with
  double stage;          // Stage at which the start failed, 0 when it did not
  double error;          // errno of that stage
  double reserved;
};

constexpr size_t kRecords = 64;
constexpr size_t kReady = 256;
constexpr size_t kEnded = 256;

/// A listener, or whatever else lives long, stands at this number or above (see spawn.hh).
constexpr int kHighDescriptors = 1024;

/// Below this number a descriptor may live as long as it likes.
constexpr int kFewDescriptors = 48;

struct Engine {
  Fd epoll;
  // libuv's own watcher of SIGCHLD, as long as we live: without it our handler would be gone after any execFileSync()
  uv_signal_t* childWatcher = nullptr;
  ChildSignal childSignal;
  /// Peak memory of this process, in KiB, as far as it was asked for.
  long ownPeak = 0;
  /// As PID 1 or a subreaper there are children of others to reap.
  bool hasOrphans = false;
  uv_poll_t* poll = nullptr;
  uv_timer_t* sweep = nullptr;    // looks whether children have ended that no signal named
  uv_timer_t* leaving = nullptr;  // looks again whether children have left our descriptor table
  napi_async_cleanup_hook_handle cleanup = nullptr;
  SpawnEngine spawn;
  int highBase = kHighDescriptors;
  bool inCallback = false;

  Napi::FunctionReference onReady;
  Napi::FunctionReference onEnded;
  Napi::Reference<Napi::ArrayBuffer> buffer;
  // parts of that buffer
  Record* records = nullptr;
  uint32_t* ready = nullptr;  // pairs of token and events
  Ended* ended = nullptr;

  /// From the first flow on; after `spawn`, which closes its descriptors.
  std::unique_ptr<Relay> relay;

  /// Only while somebody wants them.
  std::unique_ptr<Stamps> stamps;
  Napi::Reference<Napi::Float64Array> traceBuffer;
  Trace* traces = nullptr;  // part of that buffer: one for each of `ended`
};

/// The engine of this environment; null before start().
[[nodiscard]] Engine* engineOf(Napi::Env env);

/// The same open file at a high number, for what lives long; -errno, and then the low one is still open. What libuv
/// will own and close is not `isOurs`: it is not counted.
[[nodiscard]] int raise(Engine& engine, int low, bool isOurs);

/// Looks at all children, once and soon, whether or not a signal has named one.
void sweepSoon(Engine& engine);

/// Calls with a number. An exception is an uncaught one. While the process ends the loop still runs to close handles:
/// nobody is called.
void call(const Napi::FunctionReference& function, size_t count);

/// Closes what children no longer need; to be called after spawns, once for all of them.
void closeLeft(Engine& engine);
