"""Two Ray workers give the bits of one process. A script: Ray replaces the signal handlers of its process."""

import ray

from corten.quant.montecarlo import RayExecutor
from tests.quant.test_montecarlo import asian

if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        _node_ip_address="127.0.0.1",
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    try:
        assert asian().estimate(6 * 16_384, executor=RayExecutor()) == asian().estimate(6 * 16_384)
    finally:
        ray.shutdown()
    print("equal")
