// Tells a service manager about the state of the service (sd_notify(3)), without its library.
#pragma once
#include <string_view>

namespace parapet {

/// Sends one datagram to a Unix socket; a path that begins with `@` is in the abstract namespace (unix(7)). 0, or -errno.
int notify_service_manager(std::string_view socket_path, std::string_view text) noexcept;

}  // namespace parapet
