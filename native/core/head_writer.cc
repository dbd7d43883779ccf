#include "head_writer.h"

#include <cstring>
#include <ctime>

namespace parapet {

namespace {

bool is_hop_by_hop(std::int32_t id) noexcept {
    switch (id) {
        case known::connection:
        case known::keep_alive:
        case known::proxy_connection:
        case known::te:
        case known::trailer:
        case known::transfer_encoding:
        case known::upgrade:
        case known::content_length:
        case known::proxy_authenticate:
        case known::proxy_authorization:
        case known::http2_settings:
        case known::parapet_ray:  // names our own exchange only
            return true;
        default:
            return false;
    }
}

bool is_filtered(std::int32_t id, const FieldFilter& filter) noexcept {
    switch (id) {
        case known::host:
            return filter.drop_host;
        case known::if_match:
        case known::if_none_match:
        case known::if_modified_since:
        case known::if_unmodified_since:
        case known::if_range:
        case known::range:
            return filter.drop_conditional;
        case known::x_forwarded_for:
        case known::x_forwarded_proto:
        case known::x_forwarded_host:
        case known::x_forwarded_port:
        case known::forwarded:
            return filter.drop_forwarding;
        case known::date:
            return filter.drop_date;
        case known::content_encoding:
        case known::content_language:
        case known::content_range:
        case known::content_type:
            return filter.drop_content_fields;
        case known::expect:
            return filter.drop_expect;
        case known::age:
            return filter.drop_age;
        case known::server:
            return filter.drop_server;
        case known::cache_tag:
            return filter.drop_cache_tag;
        default:
            return false;
    }
}

bool equals_ignore_case(std::string_view a, std::string_view lower) noexcept {
    if (a.size() != lower.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
        if (c != lower[i]) return false;
    }
    return true;
}

/// Whether a Connection field of the head names this field (RFC 9110 7.6.1).
bool named_by_connection(const HeadTable& head, std::string_view name) noexcept {
    const std::int32_t count = head.field_count();
    for (std::int32_t i = 0; i < count; ++i) {
        const HeadTable::Field field = head.field(i);
        if (field.id != known::connection) continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            std::string_view token = rest.substr(0, comma);
            while (!token.empty() && (token.front() == ' ' || token.front() == '\t')) token.remove_prefix(1);
            while (!token.empty() && (token.back() == ' ' || token.back() == '\t')) token.remove_suffix(1);
            if (equals_ignore_case(token, name)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

/// Whether the Connection field can name anything but the usual two options.
bool connection_names_fields(const HeadTable& head) noexcept {
    if (!head.has(known::connection)) return false;
    const std::int32_t count = head.field_count();
    for (std::int32_t i = 0; i < count; ++i) {
        const HeadTable::Field field = head.field(i);
        if (field.id != known::connection) continue;
        if (!equals_ignore_case(field.value, "keep-alive") && !equals_ignore_case(field.value, "close")) return true;
    }
    return false;
}

void write_line(ByteSink& out, std::string_view name, std::string_view value) noexcept {
    out.put(name);
    out.put(": ");
    out.put(value);
    out.put("\r\n");
}

}  // namespace

bool Edits::read(std::span<const std::uint8_t> packed) noexcept {
    count_ = 0;
    std::size_t at = 0;
    while (at < packed.size()) {
        if (packed.size() - at < static_cast<std::size_t>(edit_header_bytes) || count_ == entries_max) return false;
        const std::int32_t op = packed[at];
        const std::int32_t id = packed[at + 1];
        std::uint16_t name_length = 0;
        std::uint32_t value_length = 0;
        std::memcpy(&name_length, packed.data() + at + 2, 2);
        std::memcpy(&value_length, packed.data() + at + 4, 4);
        at += static_cast<std::size_t>(edit_header_bytes);
        if (packed.size() - at < name_length || packed.size() - at - name_length < value_length) return false;
        if (id >= known_names_count || op < edit_op::remove || op > edit_op::append) return false;
        const auto* text = reinterpret_cast<const char*>(packed.data() + at);
        Entry& entry = entries_[count_++];
        entry.op = op;
        entry.id = id;
        entry.name = id != 0 ? std::string_view(known_names[id]) : std::string_view(text, name_length);
        entry.value = {text + name_length, value_length};
        at += (static_cast<std::size_t>(name_length) + value_length + 3u) & ~static_cast<std::size_t>(3);
    }
    return true;
}

bool Edits::drops(std::int32_t id, std::string_view name) const noexcept {
    for (const Entry& entry : entries()) {
        if (entry.op == edit_op::append) continue;
        if (id != 0 ? entry.id == id : entry.id == 0 && entry.name == name) return true;
    }
    return false;
}

std::string_view Edits::value_of(std::int32_t id) const noexcept {
    std::string_view found;
    for (const Entry& entry : entries()) {
        if (entry.id != id) continue;
        found = entry.op == edit_op::remove ? std::string_view{} : entry.value;
    }
    return found;
}

bool Edits::mentions(std::int32_t id) const noexcept {
    for (const Entry& entry : entries()) {
        if (entry.id == id) return true;
    }
    return false;
}

void Edits::set_value(std::int32_t id, std::string_view value) noexcept {
    for (std::size_t i = count_; i-- > 0;) {
        if (entries_[i].id != id || entries_[i].op == edit_op::remove) continue;
        entries_[i].value = value;
        return;
    }
}

void Edits::write_added(ByteSink& out, std::int32_t skip, std::int32_t skip_too) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        const Entry& entry = entries_[i];
        if (entry.op == edit_op::remove || (entry.id != 0 && (entry.id == skip || entry.id == skip_too))) continue;
        // A later set or remove of the same name takes this one back.
        bool replaced = false;
        for (std::size_t later = i + 1; later < count_ && !replaced; ++later) {
            const Entry& other = entries_[later];
            replaced = other.op != edit_op::append && other.id == entry.id && other.name == entry.name;
        }
        if (!replaced) write_line(out, entry.name, entry.value);
    }
}

void write_fields(ByteSink& out, const HeadTable& head, const Edits& edits, const FieldFilter& filter) noexcept {
    const bool check_connection = connection_names_fields(head);
    const std::int32_t count = head.field_count();
    for (std::int32_t i = 0; i < count; ++i) {
        const HeadTable::Field field = head.field(i);
        if (is_hop_by_hop(field.id) || is_filtered(field.id, filter)) continue;
        if (!edits.empty() && edits.drops(field.id, field.name)) continue;
        if (check_connection && named_by_connection(head, field.name)) continue;
        write_line(out, field.name, field.value);
    }
}

std::string_view reason_phrase(std::int32_t status) noexcept {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 102: return "Processing";
        case 103: return "Early Hints";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 203: return "Non-Authoritative Information";
        case 204: return "No Content";
        case 205: return "Reset Content";
        case 206: return "Partial Content";
        case 207: return "Multi-Status";
        case 226: return "IM Used";
        case 300: return "Multiple Choices";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 402: return "Payment Required";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 425: return "Too Early";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 451: return "Unavailable For Legal Reasons";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 506: return "Variant Also Negotiates";
        case 507: return "Insufficient Storage";
        case 508: return "Loop Detected";
        case 511: return "Network Authentication Required";
        default: return "Status";
    }
}

void write_status_line(ByteSink& out, std::int32_t status) noexcept {
    if (status == 200) {
        out.put("HTTP/1.1 200 OK\r\n");
        return;
    }
    out.put("HTTP/1.1 ");
    out.decimal(static_cast<std::uint64_t>(status));
    out.put(' ');
    out.put(reason_phrase(status));
    out.put("\r\n");
}

void write_date(ByteSink& out, std::uint32_t unix_seconds) noexcept {
    // One rendering a second is enough; each thread keeps its own.
    thread_local std::uint32_t rendered_at = 0;
    thread_local char rendered[40];
    thread_local std::size_t rendered_length = 0;
    if (rendered_at != unix_seconds || rendered_length == 0) {
        const std::time_t when = static_cast<std::time_t>(unix_seconds);
        std::tm parts{};
        ::gmtime_r(&when, &parts);
        static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        ByteSink sink(reinterpret_cast<std::uint8_t*>(rendered), sizeof rendered);
        const auto two = [&sink](int value) {
            sink.put(static_cast<char>('0' + value / 10));
            sink.put(static_cast<char>('0' + value % 10));
        };
        sink.put("date: ");
        sink.put(days[parts.tm_wday]);
        sink.put(", ");
        two(parts.tm_mday);
        sink.put(' ');
        sink.put(months[parts.tm_mon]);
        sink.put(' ');
        sink.decimal(static_cast<std::uint64_t>(parts.tm_year + 1900));
        sink.put(' ');
        two(parts.tm_hour);
        sink.put(':');
        two(parts.tm_min);
        sink.put(':');
        two(parts.tm_sec);
        sink.put(" GMT\r\n");
        rendered_length = sink.size();
        rendered_at = unix_seconds;
    }
    out.put(std::string_view(rendered, rendered_length));
}

}  // namespace parapet
