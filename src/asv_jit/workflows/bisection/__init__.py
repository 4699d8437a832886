"""`asv-jit bisect`: which commit or release moved a metric."""
