// The reading side of log rings and the line encoder, for the shipper thread.
#pragma once
#include <node_api.h>

namespace parapet::binding {

/// Adds ringOpen, ringClose, ringState, ringAdvance, ringSeal, ringTake, ringTakeLeftovers, ringFreeLeftoversBefore, framesEncode, crc32c,
/// ringEncodeLoss, ringArm and ringWakeFd to `exports`.
napi_status register_ring(napi_env env, napi_value exports);

}  // namespace parapet::binding
