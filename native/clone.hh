// clone3(2) into our own memory: the child begins in a function, on a stack of its own, without our signal handlers.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

/// The child runs `entry(argument)`, which never returns, and sends SIGCHLD at its end. Every signal that we catch is at
/// its default there from the first moment on (CLONE_CLEAR_SIGHAND, Linux 5.5), so that none need be blocked meanwhile.
/// The pid, or -errno: -ENOSYS or -EPERM where the kernel or a filter does not know the call. `tid` is as for
/// CLONE_CHILD_CLEARTID.
[[nodiscard]] pid_t cloneWithoutHandlers(int (*entry)(void*), void* argument, char* stack, size_t stackSize,
                                         uint64_t flags, int* tid);
