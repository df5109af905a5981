"""The Celery bridge: a worker of Celery's takes the same plain messages from the same queues and runs the same handlers.

        Celery's main process                            a process or thread of its pool
 queue ──► kombu ──► ConsumerStep ──► task by the queue ──► PoolProcess ──► FedQueues ──► Worker ──► handler
                     (transport.py:    (tasks.py)           (one event      (a queue     (retries, run log, dead letters,
                      raw bodies)                            loop)           backend)     leases: all as without Celery)

kombu fetches and never acknowledges: whoever runs the message settles it through the queue engine. Nothing but `app` knows
of this package; it needs the extra ``wipsie[celery]``.
"""
