// The child's half of adoption: from here on somebody hears of each bind(2) and listen(2) before the kernel does it.
#pragma once

/// Holds up both calls in this process, in all that comes of it and across exec, until whoever gets the listener of the
/// filter answers; it is sent through `channel`, which is closed, as is our copy. Like all of a child's half it uses raw
/// system calls only. 0, or -errno: -EBUSY where a filter around us has such a listener already.
[[nodiscard]] long installAdoption(int channel);
