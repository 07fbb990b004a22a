"""What runs are worth: metrics, significance tests, reports and figures. Knows nothing of training."""
