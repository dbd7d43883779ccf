// Makes a certificate that signs itself, for trying things out on one machine.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace parapet {

struct MadeCertificate {
    std::string certificate;  // PEM
    std::string key;          // PEM (PKCS #8)
};

/// P-256, for host names and IP literals, valid from an hour ago on for `days`. False: it could not be made.
bool make_certificate(const std::vector<std::string>& names, std::uint32_t days, MadeCertificate& out) noexcept;

}  // namespace parapet
