// What JavaScript asks of the operating system and Node does not offer: listening sockets that share a port, descriptors
// passed between processes, a lock file, the limit of open files.
#pragma once
#include <node_api.h>

namespace parapet::binding {

/// Adds listen, closeFd, lockFile, raiseFileLimit, descriptorPair, sendDescriptors and receiveDescriptors to `exports`.
napi_status register_system(napi_env env, napi_value exports);

}  // namespace parapet::binding
