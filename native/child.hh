// The child's half of a spawn: everything it needs stands ready in this plan.
#pragma once

#include <atomic>
#include <cstdint>

#include "recipe.hh"

/// Where a start failed; src/native/recipe-plan.ts has the names in this order.
enum class Stage : int32_t {
  None,
  Session,
  StandardInput,
  StandardOutput,
  StandardError,
  Descriptors,
  Adoption,
  OomScore,
  ResourceLimits,
  Nice,
  Scheduler,
  Affinity,
  IoPriority,
  RootDirectory,
  WorkingDirectory,
  Groups,
  Gid,
  BoundingSet,
  Uid,
  Capabilities,
  SecureBits,
  NoNewPrivileges,
  Exec,
};

/// What the child says to the parent. In shared memory, so that it also works where the child has its own copy.
struct Mailbox {
  std::atomic<int32_t> stage;
  std::atomic<int32_t> error;
  /// The child has its own descriptor table: the parent may close its copy of the connection.
  std::atomic<int32_t> hasOwnTable;
  /// Nanoseconds on CLOCK_MONOTONIC_RAW; written only where the plan is traced.
  std::atomic<int64_t> began;
  std::atomic<int64_t> executing;

  void clear() {
    stage = 0;
    error = 0;
    hasOwnTable = 0;
  }
};

struct ChildPlan {
  const Recipe* recipe;
  char** environment;
  char* const* pids;  // where the digits of its own pid go; null at the end
  char* pidfd;        // where those of its pidfd's inode go, or null
  char** pidfdEntry;  // that variable, the last one: taken out when the inode cannot be found
  /// By target descriptor, the parent's descriptor that goes there; the child moves what stands in the way.
  int* sources;
  int targets;
  /// Descriptors from here on are listeners; 0 when the child has a copy of the table.
  unsigned sharedFrom;
  /// Whether signals that acceptd catches are at their default already.
  bool hasNoHandlers;
  bool isTraced;
  Mailbox* mailbox;
};

/// Entry of the child; never returns.
int runChild(void* plan);
