"""Optimal-transport distillation of a student from an English teacher."""
